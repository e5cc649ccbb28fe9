"""The contracts: GraphQL types, and in events/ the messages of the bus. Types know rows and models, never resolvers."""
