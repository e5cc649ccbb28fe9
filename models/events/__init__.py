"""Events as bytes: classes made from schema/events, and the codec that frames them. For store and bus."""
