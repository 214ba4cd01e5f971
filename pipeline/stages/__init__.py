"""Pure functions of tables: what a build does, stage by stage."""
