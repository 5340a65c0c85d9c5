"""Models behind one interface: servers with OpenAI's or Anthropic's protocol, and models in this process."""
