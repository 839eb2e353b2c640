"""bench/e2e/scale: two gateways with many tunnels between them, or with several workers."""
