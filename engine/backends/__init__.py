"""What runs a model: one small protocol, ONNX Runtime and a fake behind it."""
