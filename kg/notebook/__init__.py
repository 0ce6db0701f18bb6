"""Display of graphs, studies and pictures in notebooks.

All data is escaped. The output contains everything it needs and makes no requests.
"""
