"""What a question's pass rate makes of it: whether it goes into sft and rl."""

import pyarrow as pa

from schemas.contract import Column, Contract
from schemas.graph import SHARD

_EXAMPLE = Column("example", pa.string(), "The example")
_SFT = Column("sft", pa.string(), "Why its traces are not published in sft; '' where they may be")
_RL = Column("rl", pa.string(), "Why it is not published in rl; '' where it is")


class Rated(Contract):
    """What a question's own pass rate decides."""

    example = _EXAMPLE
    domain = Column("domain", pa.string(), "Its clinical domain")
    pass_rate = Column("pass_rate", pa.float64(), "How often it is answered right; null where that was not measured", nullable=True)
    sft = _SFT
    rl = _RL
    ranked = Column("ranked", pa.list_(pa.string()), "The configs, of sft and rl, into which only so many of its domain go")


class Thinned(Contract):
    """What is decided of a question beside all others of its domain."""

    shard = SHARD
    example = _EXAMPLE
    sft = _SFT
    rl = _RL
