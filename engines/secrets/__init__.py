"""The Secrets port: where key material comes from, its adapters, and what is sealed with it."""
