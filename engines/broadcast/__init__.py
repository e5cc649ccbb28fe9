"""The doorbell: tells every process that somebody's log grew. Adapters stand beside the port."""
