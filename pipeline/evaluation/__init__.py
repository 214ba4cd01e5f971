"""What a set of scored answers says of a model: rates with intervals, votes, measures, and two models compared."""
