"""What a cluster holds, asked by kubectl."""
