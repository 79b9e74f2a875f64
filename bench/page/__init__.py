"""What the page costs at scale: its questions, its first view, its memory; see `docs/performance.md`."""
