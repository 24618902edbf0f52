"""Builds the compiled kernels where there is a C++ compiler; all else is in pyproject.toml."""

from pathlib import Path

from setuptools import Extension, setup

SOURCES = Path("dtrain/kernels/native/src")
FLAGS = [
    "-std=gnu++17",
    "-O3",
    "-ffp-contract=fast",  # a * b + c in one instruction
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-exceptions",
    "-fno-rtti",
    "-fvisibility=hidden",
    "-Wno-psabi",
    "-g0",
]

setup(
    ext_modules=[
        Extension(
            "dtrain.kernels.native._native",
            sources=sorted(str(path) for path in SOURCES.glob("*.cpp")),
            depends=sorted(str(path) for path in SOURCES.glob("*.h")),
            define_macros=[("Py_LIMITED_API", "0x030B0000")],  # one build serves Python 3.11 and all later ones
            extra_compile_args=FLAGS,
            extra_link_args=["-pthread"],
            language="c++",
            py_limited_api=True,
            optional=True,  # without a compiler the installation goes on and the NumPy kernels are used
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
