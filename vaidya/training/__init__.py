"""Adapters for small language models, trained and exported to what the llama.cpp backend loads."""
