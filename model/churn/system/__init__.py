"""The system plane: engines, hosts, managers and the clock. Everything here is slow, counted and paid for."""
