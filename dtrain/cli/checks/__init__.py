"""What `dtrain doctor` looks at: the libraries, the machine, MPI. One function a check, one `Check` a row."""
