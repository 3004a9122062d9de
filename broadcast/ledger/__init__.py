"""Where events, broadcasts and deliveries are written down: one port, several backends."""
