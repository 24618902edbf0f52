"""The `dtrain` command: train, evaluate, predict, export, inspect, doctor."""
