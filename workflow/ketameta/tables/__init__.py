"""What every table holds: columns declared once, with types, units and allowed values."""

from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.problems import Problem
from ketameta.tables.raw import RAW_TABLES, RESULT_TABLES
from ketameta.tables.stages import STAGE_TABLES

__all__ = ["RAW_TABLES", "RESULT_TABLES", "STAGE_TABLES", "Column", "Problem", "TableSchema"]
