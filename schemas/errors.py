"""The errors a person may meet: each says what, where, which value, and the next move."""


class MedtraceError(Exception):
    """An expected failure, told in one sentence without a traceback."""

    exit_code = 1


class UsageError(MedtraceError):
    """The command line does not fit together."""

    exit_code = 2


class ManifestError(MedtraceError):
    """The manifest asks for something that is not there."""

    exit_code = 2


class SchemaError(MedtraceError):
    """A table does not keep its contract."""


class WiringError(MedtraceError):
    """Steps of a graph do not fit together."""


class SourceError(MedtraceError):
    """Upstream files cannot be read as the source they are said to be."""


class FetchError(MedtraceError):
    """A file could not be downloaded."""


class PinError(MedtraceError):
    """A file is not the one that the lock names."""


class StoreError(MedtraceError):
    """The store or the output folder cannot be read or written."""


class LedgerError(MedtraceError):
    """The ledger is damaged or cannot be written."""


class TeacherError(MedtraceError):
    """A teacher cannot be asked: dead endpoint, wrong key, unknown model."""


class EngineError(TeacherError):
    """A model's engine died in its process: another one can go on where it was."""


class UnitError(MedtraceError):
    """A work unit failed; says which, so that the rest can go on."""


class CorpusError(MedtraceError):
    """A published corpus cannot be read as one."""


class PublishError(MedtraceError):
    """A corpus cannot go to a destination, or may not."""


class BudgetError(MedtraceError):
    """A cap of the budget would be passed: says what is spent, and what to raise."""


class TrainingError(MedtraceError):
    """A model cannot be trained as asked: the configuration, the model, the corpus or the machine does not fit."""


class ConfigError(TrainingError):
    """The configuration of a training run asks for something that is not there."""

    exit_code = 2
