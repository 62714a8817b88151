"""Triggers that refuse writes to a chosen table, as if the process had died just before: for tests of what is left."""

from collections.abc import Sequence

from parkhub.db.engine import current_engine


async def lay_mines(tables: Sequence[str]) -> None:
    """Lay them in the open database; a row in ``armed`` with a table's name sets one off at every write."""
    engine = current_engine()
    assert engine is not None
    await engine.run_ddl("CREATE TABLE armed (name TEXT)")
    if engine.engine_type == "postgres":
        await engine.run_ddl(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT 1 FROM armed WHERE name = TG_TABLE_NAME) THEN "
            "RAISE EXCEPTION 'killed' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        )
    for table in tables:
        for event in ("INSERT", "UPDATE"):
            how = "FOR EACH ROW EXECUTE FUNCTION die()"
            if engine.engine_type == "sqlite":
                armed = f"EXISTS (SELECT 1 FROM armed WHERE name = '{table}')"
                how = f"WHEN {armed} BEGIN SELECT RAISE(ABORT, 'killed'); END"
            await engine.run_ddl(f"CREATE TRIGGER die_{table}_{event.lower()} BEFORE {event} ON {table} {how}")
