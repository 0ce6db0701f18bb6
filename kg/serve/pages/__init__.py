"""The pages of the explorer: each module turns values of the graph into a view, which a template shows."""
