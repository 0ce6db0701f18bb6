"""What a notebook shows of graphs, studies and pictures.

Everything that comes from data is escaped. What is shown needs no other file and asks for nothing on the network.
"""
