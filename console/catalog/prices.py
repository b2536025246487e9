"""What S3 asks for requests: the one place of these figures.

Source: the list price of Amazon S3 Standard in US East (N. Virginia), https://aws.amazon.com/s3/pricing/,
"Requests & data retrievals". Other regions and stores differ.
"""

PUT_OR_LIST_USD_PER_1000 = 0.005
GET_OR_HEAD_USD_PER_1000 = 0.0004
WHERE = "Amazon S3 Standard, us-east-1"

KEYS_OF_A_LIST_CALL = 1000  # the most that ListObjectsV2 gives at once
DAY_SECONDS = 86_400


def list_calls(keys: int) -> int:
    """LIST calls of one sweep over so many keys; an empty prefix is asked for too."""
    return max(1, -(-keys // KEYS_OF_A_LIST_CALL))


def list_calls_a_day(keys: int, sweep_seconds: float) -> int:
    return round(list_calls(keys) * DAY_SECONDS / sweep_seconds)


def put_or_list_usd(calls: float) -> float:
    return calls / 1000 * PUT_OR_LIST_USD_PER_1000


def get_or_head_usd(calls: float) -> float:
    return calls / 1000 * GET_OR_HEAD_USD_PER_1000


def told_usd(usd: float) -> str:
    """A price as a person reads it: cents where it is a dime or more, else the figures that say something."""
    if usd >= 0.1 or not usd:
        return f"{usd:,.2f}"
    return f"{usd:.2g}" if usd >= 0.001 else "under 0.001"


# README, "Speed": the whole path on two cores with all servers on the same machine, records of 4.3 kB.
RECORDS_PER_SECOND = 2720.0
