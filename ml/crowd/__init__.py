"""From many people's answers to one: majority, Dawid–Skene, SWAP, and how far people agree."""
