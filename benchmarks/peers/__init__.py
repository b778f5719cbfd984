"""What signjax is compared with: the same work in other frameworks, each in its own process."""
