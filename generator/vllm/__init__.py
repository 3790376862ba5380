"""What each vLLM version makes of arguments and models. Pure."""
