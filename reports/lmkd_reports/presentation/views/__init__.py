"""The values that the page's templates show, in the order in which they show them."""
