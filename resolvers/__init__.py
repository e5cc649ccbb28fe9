"""The GraphQL answers: queries, mutations, subscriptions, and the batched reads behind nested fields."""
