"""What has grown old goes, in small batches; what people decided stays."""
