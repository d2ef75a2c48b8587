"""The code behind each fingerprint, kept once, so that it can be shown and fingerprinted again."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlbackfill import __version__
from sqlbackfill.ledger.damage import readable
from sqlbackfill.ledger.schema import CODE, Place, names
from sqlbackfill.warehouse.protocol import Session

_MOST_NAMES = 500


class Codes:
    """Reads and appends `code`; the ledger must have been made. What a text holds is `query`'s."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def texts(self, session: Session, fingerprints: Collection[str]) -> dict[str, str]:
        """What is kept of each of `fingerprints`; those of which nothing is kept are left out."""
        found: dict[str, str] = {}
        for some in _parts(sorted(fingerprints)):
            rows = session.execute(
                f"SELECT fingerprint, code FROM {self._place.sql('code')} "
                f"WHERE fingerprint IN ({', '.join('?' * len(some))})",
                some,
            )
            with readable(self._place, "code"):
                found.update((str(fingerprint), str(code)) for fingerprint, code in rows)
        return found

    def unknown(self, session: Session, fingerprints: Collection[str]) -> set[str]:
        """Those of which nothing is kept yet."""
        known: set[str] = set()
        for some in _parts(sorted(fingerprints)):
            known |= {
                row[0]
                for row in session.execute(
                    f"SELECT DISTINCT fingerprint FROM {self._place.sql('code')} "
                    f"WHERE fingerprint IN ({', '.join('?' * len(some))})",
                    some,
                )
            }
        return set(fingerprints) - known

    def save(self, session: Session, codes: Mapping[str, str], written_at: str) -> None:
        """Keeps `codes` by fingerprint. To be kept twice does no harm."""
        rows = [(fingerprint, codes[fingerprint], __version__, written_at) for fingerprint in codes]
        if rows:
            session.insert(self._place.relation("code"), names(CODE), rows)


def _parts(texts: list[str]) -> list[list[str]]:
    return [texts[at : at + _MOST_NAMES] for at in range(0, len(texts), _MOST_NAMES)]
