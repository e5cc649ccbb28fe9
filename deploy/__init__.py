"""What runs Carillon outside its own process: engines on this machine, images, charts."""
