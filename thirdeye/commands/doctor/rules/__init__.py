"""What facts mean: each rule takes facts and returns findings. Pure."""
