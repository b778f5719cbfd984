"""What signjax is measured against: the same work in other frameworks, each in a process of its own."""
