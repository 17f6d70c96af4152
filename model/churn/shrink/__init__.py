"""From failures to bugs: each made small in few runs of a system that is slow, and told once."""
