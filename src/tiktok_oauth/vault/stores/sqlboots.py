"""The statements about boots: the starts of vaults that a store knows, and what became of them."""

from __future__ import annotations

from tiktok_oauth.vault.stores.rows import Boot

_BOOT = ", ".join(Boot.__struct_fields__)

PUT_BOOT = f"""
    INSERT INTO boots ({_BOOT}) VALUES (:boot, :host, :keys, {{clock}}, :timeline)
    ON CONFLICT (boot) DO UPDATE SET
        keys = excluded.keys, seen_at = excluded.seen_at, timeline = excluded.timeline
"""
END_BOOT = """
    UPDATE boots SET ended_at = COALESCE(ended_at, {clock}), timeline = :timeline
    WHERE boot = :boot
"""
HAS_ENDED = """
    SELECT 1 FROM boots WHERE boot = :boot AND ended_at IS NOT NULL AND timeline = :timeline
"""
BOOTS = f"SELECT {_BOOT} FROM boots WHERE ended_at IS NULL ORDER BY boot"
LAST_SIGN_OF_LIFE = """
    SELECT MAX(at) FROM (
        SELECT MAX(seen_at) AS at FROM boots
        UNION ALL SELECT MAX(claimed_at) FROM claims
    ) AS signs
"""
