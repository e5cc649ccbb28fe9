"""Events as bytes: the classes made from schema/events, and the codec that frames them. Used by the store and the bus."""
