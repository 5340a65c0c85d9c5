"""Classes as statements: what follows from a class, what independencies say of one, and both in English."""
