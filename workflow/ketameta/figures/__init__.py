"""Drawings: a result in, a scene of lines, boxes and text out, and the scene as SVG."""
