"""Many devices at once: too many for a section each, so the page shows their distribution.

``reading`` (from a results directory, device by device) and ``parquet`` (from an exported set, with pandas or
on Dask) give the same small frames; ``rows`` makes a row a device, stratum and pair of arms of them; ``page``
and ``text`` tell those. Devices are counted, never pooled.
"""
