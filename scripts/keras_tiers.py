"""What users of Keras 3 need most: every public name that matters, in three tiers (T1 first, T3 rare)."""

# fmt: off

_T1: dict[str, str] = {
    "keras": "Function Input InputSpec KerasTensor Layer Loss Metric Model Sequential Variable",
    "layers": """
        Activation Add Average BatchNormalization Concatenate Conv1D Conv2D Conv2DTranspose Dense Dropout Embedding
        Flatten GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D Input InputLayer
        LSTM Layer MaxPooling2D Multiply ReLU Reshape Softmax UpSampling2D add average concatenate multiply
    """,
    "losses": """
        BinaryCrossentropy CategoricalCrossentropy Loss MeanAbsoluteError MeanSquaredError
        SparseCategoricalCrossentropy binary_crossentropy categorical_crossentropy mean_absolute_error
        mean_squared_error sparse_categorical_crossentropy
    """,
    "metrics": """
        Accuracy BinaryAccuracy CategoricalAccuracy Mean MeanAbsoluteError MeanMetricWrapper MeanSquaredError Metric
        SparseCategoricalAccuracy
    """,
    "optimizers": "Adam RMSprop SGD",
    "schedules": "ExponentialDecay LearningRateSchedule",
    "initializers": "Constant GlorotUniform Ones Orthogonal RandomNormal RandomUniform Zeros",
    "regularizers": "L2 l2",
    "callbacks": """
        Callback CallbackList EarlyStopping History LambdaCallback LearningRateScheduler ModelCheckpoint ProgbarLogger
    """,
    "activations": "linear relu sigmoid softmax tanh",
    "ops": """
        abs add arange argmax broadcast_to cast categorical_crossentropy ceil clip concatenate conv convert_to_numpy
        convert_to_tensor divide dot einsum equal exp expand_dims floor gelu log log_softmax matmul max max_pool
        maximum mean min multiply not_equal one_hot ones pad relu reshape shape sigmoid slice softmax split sqrt square
        squeeze stack subtract sum take tanh tensordot tile transpose where zeros zeros_like
    """,
    "utils": """
        PyDataset Sequence clear_session custom_object_scope pad_sequences plot_model register_keras_serializable
        set_random_seed to_categorical
    """,
    "models": "Model Sequential load_model model_from_json save_model",
    "model methods": """
        build compile count_params evaluate fit from_config get_config get_layer get_weights load_weights predict
        predict_on_batch save save_weights set_weights summary test_on_batch to_json train_on_batch
    """,
    "layer methods": "add_weight build call get_config",
    "sequential methods": "add pop",
    "random": "SeedGenerator dropout normal uniform",
    "saving": """
        custom_object_scope deserialize_keras_object get_registered_name get_registered_object load_model
        register_keras_serializable save_model serialize_keras_object
    """,
    "datasets": "mnist",
}

_T2: dict[str, str] = {
    "keras": "DTypePolicy Initializer Optimizer Regularizer",
    "layers": """
        ActivityRegularization AdditiveAttention AlphaDropout Attention AveragePooling1D AveragePooling2D
        Bidirectional Conv1DTranspose Conv3D Cropping1D Cropping2D DepthwiseConv2D Dot ELU EinsumDense GRU GRUCell
        GaussianDropout GaussianNoise GroupNormalization Identity LSTMCell Lambda LayerNormalization LeakyReLU Masking
        MaxPooling1D Maximum Minimum MultiHeadAttention Normalization PReLU Permute RNN RepeatVector Rescaling
        SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell SpatialDropout1D SpatialDropout2D StackedRNNCells
        Subtract TimeDistributed UpSampling1D Wrapper ZeroPadding1D ZeroPadding2D dot maximum minimum subtract
    """,
    "losses": """
        BinaryFocalCrossentropy CategoricalFocalCrossentropy CategoricalHinge CosineSimilarity Hinge Huber
        KLDivergence LogCosh MeanAbsolutePercentageError MeanSquaredLogarithmicError Poisson SquaredHinge
        binary_focal_crossentropy categorical_focal_crossentropy categorical_hinge cosine_similarity deserialize get
        hinge huber kl_divergence log_cosh mean_absolute_percentage_error mean_squared_logarithmic_error poisson
        serialize squared_hinge
    """,
    "metrics": """
        AUC BinaryCrossentropy BinaryIoU CategoricalCrossentropy CategoricalHinge CosineSimilarity F1Score FBetaScore
        FalseNegatives FalsePositives Hinge IoU KLDivergence LogCoshError MeanAbsolutePercentageError MeanIoU
        MeanSquaredLogarithmicError Poisson Precision R2Score Recall RootMeanSquaredError
        SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SquaredHinge Sum TopKCategoricalAccuracy
        TrueNegatives TruePositives deserialize get serialize
    """,
    "optimizers": "Adadelta Adagrad AdamW Adamax Nadam Optimizer deserialize get serialize",
    "schedules": "CosineDecay CosineDecayRestarts InverseTimeDecay PiecewiseConstantDecay PolynomialDecay",
    "initializers": """
        GlorotNormal HeNormal HeUniform Identity Initializer LecunNormal LecunUniform TruncatedNormal VarianceScaling
        deserialize get serialize
    """,
    "regularizers": "L1 L1L2 Regularizer deserialize get l1 l1_l2 serialize",
    "constraints": "Constraint MaxNorm MinMaxNorm NonNeg UnitNorm deserialize get serialize",
    "callbacks": "BackupAndRestore CSVLogger ReduceLROnPlateau TerminateOnNaN",
    "activations": """
        deserialize elu exponential gelu get hard_sigmoid hard_silu hard_swish leaky_relu log_softmax mish relu6 selu
        serialize silu softplus softsign swish
    """,
    "utils": """
        Progbar deserialize_keras_object disable_interactive_logging get_custom_objects get_file is_keras_tensor
        model_to_dot normalize serialize_keras_object
    """,
    "models": "clone_model",
    "model methods": """
        add_loss build_from_config compile_from_config compute_loss compute_mask compute_metrics compute_output_shape
        compute_output_spec get_build_config get_compile_config get_metrics_result get_state_tree load_own_variables
        make_predict_function make_test_function make_train_function predict_step reset_metrics save_own_variables
        set_state_tree stateless_call test_step train_step
    """,
    "layer methods": "add_loss compute_mask compute_output_shape compute_output_spec count_params from_config",
    "random": "categorical randint shuffle truncated_normal",
    "saving": "CustomObjectScope get_custom_objects load_weights save_weights",
    "config": """
        disable_traceback_filtering dtype_policy epsilon floatx image_data_format max_epochs max_steps_per_epoch
        set_dtype_policy set_epsilon set_floatx set_image_data_format set_max_epochs set_max_steps_per_epoch
    """,
    "backend": "clear_session epsilon floatx image_data_format set_epsilon set_floatx set_image_data_format",
    "datasets": """
        boston_housing california_housing cifar10 cifar100 fashion_mnist imdb reuters
    """,
}
TIERS: dict[str, dict[str, frozenset[str]]] = {
    tier: {group: frozenset(names.split()) for group, names in table.items()}
    for tier, table in (("T1", _T1), ("T2", _T2))
}


def tier(group: str, name: str) -> str:
    """The tier of a public name: T3 for all that the first two do not list."""
    return next((t for t, groups in TIERS.items() if name in groups.get(group, ())), "T3")
