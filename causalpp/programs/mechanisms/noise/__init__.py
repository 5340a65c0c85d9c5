"""From noise to values and back: cells of finite noise, ranks by their log odds, tails and counts."""
