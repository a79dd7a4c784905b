"""Scores and rewards of answers, from the preference-model and scalarizer services."""

from __future__ import annotations

import functools
import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from morlaif.credentials import Credentials
from morlaif.services import PreferenceModel, Scalarizer
from morlaif.status import RPCError, StatusCode
from morlaif.sync import Client
from morlaif.v1.common_pb2 import ScoreMatrix, TextItem
from morlaif.v1.preference_model_pb2 import ScoreReply, ScoreRequest
from morlaif.v1.scalarizer_pb2 import ScalarizeReply, ScalarizeRequest

logger = logging.getLogger("morlaif")
Result = TypeVar("Result")

_MAY_RECOVER = {
    StatusCode.UNAVAILABLE,
    StatusCode.DEADLINE_EXCEEDED,
    StatusCode.RESOURCE_EXHAUSTED,
    StatusCode.ABORTED,
    # A service that was started anew may not have its models or configuration yet.
    StatusCode.FAILED_PRECONDITION,
}
ATTEMPTS_MAX = 4
"""Tries when weights or versions change in the middle of a batch."""


class BadReply(Exception):
    """A service answered with something that must not become a reward."""


@dataclass(frozen=True)
class Rewards:
    """Rewards of B answers with where they came from."""

    principles: tuple[str, ...]
    """K names, the columns."""
    scores: tuple[tuple[float, ...], ...]
    """B rows of K scores, as the preference models gave them."""
    rewards: tuple[float, ...]
    """B rewards."""
    contributions: tuple[tuple[float, ...], ...]
    """B rows of K shares that sum to the reward."""
    configuration_version: int
    """The scalarizer's configuration that gave all of them."""
    configuration_hash: str

    def scores_of(self, principle: str) -> list[float]:
        """One column of the scores."""
        column = self.principles.index(principle)
        return [row[column] for row in self.scores]

    def rows(self, begin: int, end: int) -> Rewards:
        """Some of the answers."""
        return Rewards(
            self.principles, self.scores[begin:end], self.rewards[begin:end],
            self.contributions[begin:end], self.configuration_version, self.configuration_hash,
        )


class RewardService:
    """Asks for rewards; may be shared by threads, pickled, and used after a fork.

    All rewards of one batch come from the same weights and the same configuration. A service that
    cannot be had is waited for; after `patience` seconds the error is raised.

    Args:
        principles: names to score by, in this order; empty means all that have a model.
        preference_model: "HOST:PORT"; None takes the environment's `PREFERENCE_MODEL_HOST` and
            `PREFERENCE_MODEL_PORT`, or 127.0.0.1:7102.
        scalarizer: the same with `SCALARIZER_`, or 127.0.0.1:7103.
        credentials: who asks; None takes the "client" of the folder `MORLAIF_CERTIFICATES`.
        adapter_id: adapters of the preference models; empty means the newest of each.
        server_names: names in the two services' certificates.
        timeout: seconds for one call.
        patience: seconds to wait for a service that cannot be had.
        items_per_call: answers in one call; larger batches are divided.
    """

    def __init__(
        self,
        principles: Sequence[str] = (),
        *,
        preference_model: str | None = None,
        scalarizer: str | None = None,
        credentials: Credentials | None = None,
        adapter_id: str = "",
        server_names: tuple[str, str] = ("preference-model", "scalarizer"),
        timeout: float = 300.0,
        patience: float = 600.0,
        items_per_call: int = 256,
    ) -> None:
        self.principles = tuple(principles)
        self.adapter_id = adapter_id
        self.patience = patience
        self.items_per_call = items_per_call
        model = preference_model or _address("PREFERENCE_MODEL", 7102)
        reward = scalarizer or _address("SCALARIZER", 7103)
        self._models = Client(model, credentials, server_name=server_names[0], timeout=timeout)
        self._scalarizer = Client(reward, credentials, server_name=server_names[1], timeout=timeout)
        self._begin()

    @classmethod
    def from_environment(cls) -> RewardService:
        """As the environment says: the services' addresses, `MORLAIF_CERTIFICATES`,
        `MORLAIF_PRINCIPLES` (names with commas between), `MORLAIF_ADAPTER`, and
        `MORLAIF_REWARD_PATIENCE` in seconds."""
        names = os.environ.get("MORLAIF_PRINCIPLES", "")
        return cls(
            [name.strip() for name in names.split(",") if name.strip()],
            adapter_id=os.environ.get("MORLAIF_ADAPTER", ""),
            patience=float(os.environ.get("MORLAIF_REWARD_PATIENCE", "600")),
        )

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[object, Rewards] | None = None
        self._gate = threading.Condition()
        self._waiting: list[_Ask] = []
        self._is_asking = False

    def __getstate__(self) -> dict[str, Any]:
        own = ("_lock", "_last", "_gate", "_waiting", "_is_asking")
        return {name: value for name, value in vars(self).items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._begin()

    def close(self) -> None:
        """Ends the connections; a later call makes them anew."""
        self._models.close()
        self._scalarizer.close()

    def of(self, prompts: Sequence[str], responses: Sequence[str]) -> Rewards:
        """Rewards of a batch; the same batch asked for again is not asked again.

        Raises:
            RPCError: when a service refuses, or cannot be had for longer than `patience`.
            BadReply: when a reply must not become a reward.
        """
        if len(prompts) != len(responses):
            raise ValueError(f"{len(prompts)} prompts for {len(responses)} responses")
        if not prompts:
            raise ValueError("a batch needs at least one answer")
        key = (tuple(prompts), tuple(responses))
        # One function for each principle is called with the same batch, one after another.
        with self._lock:
            if self._last is None or self._last[0] != key:
                self._last = (key, self._ask(prompts, responses))
            return self._last[1]

    def of_one(self, prompt: str, response: str) -> Rewards:
        """Rewards of one answer; those asked for by many threads at once share calls."""
        ask = _Ask(prompt, response)
        with self._gate:
            self._waiting.append(ask)
            while self._is_asking and not ask.is_done:
                self._gate.wait()
            if ask.is_done:
                return ask.result()
            # Nobody is asking: this thread asks for everything that waits.
            self._is_asking = True
            batch = self._waiting[: self.items_per_call]
            if ask not in batch:
                batch[-1] = ask
            self._waiting = [other for other in self._waiting if other not in batch]
        try:
            rewards = self._ask([a.prompt for a in batch], [a.response for a in batch])
            for row, other in enumerate(batch):
                other.rewards = rewards.rows(row, row + 1)
        except BaseException as error:
            for other in batch:
                other.error = error
        finally:
            with self._gate:
                self._is_asking = False
                self._gate.notify_all()
        return ask.result()

    def _ask(self, prompts: Sequence[str], responses: Sequence[str]) -> Rewards:
        try:
            return self._asked(prompts, responses)
        except (RPCError, BadReply) as error:
            # Said here as well, because some trainers swallow what a reward function raises.
            logger.error("no reward can be had for %d answers: %s", len(prompts), error)
            raise

    def _asked(self, prompts: Sequence[str], responses: Sequence[str]) -> Rewards:
        items = [
            TextItem(id=f"answer-{index}", prompt_utf8=_utf8(p), response_utf8=_utf8(r))
            for index, (p, r) in enumerate(zip(prompts, responses))
        ]
        scores = self._scores(items)
        replies = self._rewards(scores)
        width = len(scores.scores.principle_ids)
        contributions = [share for reply in replies for share in reply.contributions]
        return Rewards(
            tuple(scores.scores.principle_ids),
            _rows(scores.scores.values, width),
            tuple(reward for reply in replies for reward in reply.rewards),
            _rows(contributions, width),
            replies[0].configuration_version,
            replies[0].configuration_hash,
        )

    def _scores(self, items: list[TextItem]) -> ScoreReply:
        """Scores of all items by the same weights."""
        stub = PreferenceModel(self._models)
        for _ in range(ATTEMPTS_MAX):
            joined = ScoreReply()
            is_mixed = False
            for part in _chunks(items, self.items_per_call):
                request = ScoreRequest(
                    items=part, principle_ids=self.principles, adapter_id=self.adapter_id
                )
                reply = self._patiently(functools.partial(stub.score, request))
                _check_scores(reply, [item.id for item in part], self.principles)
                first = not joined.scores.item_ids
                is_mixed |= not first and list(reply.sources) != list(joined.sources)
                if first:
                    joined.CopyFrom(reply)
                else:
                    joined.scores.item_ids.extend(reply.scores.item_ids)
                    joined.scores.values.extend(reply.scores.values)
            if not is_mixed:
                return joined
        raise BadReply("the preference models keep changing within one batch")

    def _rewards(self, scores: ScoreReply) -> list[ScalarizeReply]:
        """Rewards of all rows by one configuration."""
        stub = Scalarizer(self._scalarizer)
        names = list(scores.scores.principle_ids)
        width = len(names)
        for _ in range(ATTEMPTS_MAX):
            replies: list[ScalarizeReply] = []
            try:
                for rows in _chunks(range(len(scores.scores.item_ids)), self.items_per_call):
                    request = ScalarizeRequest(
                        scores=ScoreMatrix(
                            principle_ids=names,
                            item_ids=[scores.scores.item_ids[row] for row in rows],
                            values=scores.scores.values[rows[0] * width : (rows[-1] + 1) * width],
                        ),
                        sources=scores.sources,
                        configuration_version=replies[0].configuration_version if replies else 0,
                    )
                    reply = self._patiently(functools.partial(stub.scalarize, request))
                    _check_rewards(reply, len(rows), width)
                    if replies and reply.configuration_hash != replies[0].configuration_hash:
                        raise BadReply("one configuration version has two hashes")
                    replies.append(reply)
            except RPCError as error:
                if error.code is StatusCode.NOT_FOUND and replies:
                    continue  # The first rows' version is gone: all rows are done anew.
                raise
            return replies
        raise BadReply("the scalarizer forgets versions that it has just answered with")

    def _patiently(self, work: Callable[[], Result]) -> Result:
        """Waits for a service that cannot be had, and says so."""
        began = time.monotonic()
        pause = 0.2
        while True:
            try:
                return work()
            except RPCError as error:
                waited = time.monotonic() - began
                if error.code not in _MAY_RECOVER or waited >= self.patience:
                    raise
                logger.warning("waiting for rewards since %.0f s: %s", waited, error)
                time.sleep(min(pause * (0.5 + random.random() / 2), self.patience - waited))
                pause = min(2 * pause, 10.0)


class _Ask:
    """One answer whose reward a thread waits for."""

    __slots__ = ("error", "prompt", "response", "rewards")

    def __init__(self, prompt: str, response: str) -> None:
        self.prompt, self.response = prompt, response
        self.rewards: Rewards | None = None
        self.error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self.rewards is not None or self.error is not None

    def result(self) -> Rewards:
        if self.rewards is None:
            assert self.error is not None
            raise self.error
        return self.rewards


def _check_scores(reply: ScoreReply, items: list[str], principles: tuple[str, ...]) -> None:
    """Refuses wrong rows, columns and counts, and numbers that are not finite."""
    scores = reply.scores
    names = tuple(scores.principle_ids)
    if not names or (principles and names != principles):
        raise BadReply(f"the scores' columns are {names}, asked for were {principles}")
    if list(scores.item_ids) != items:
        raise BadReply(f"the scores' {len(scores.item_ids)} rows are not the {len(items)} asked for")
    if len(scores.values) != len(items) * len(names):
        raise BadReply(f"{len(scores.values)} scores for {len(items)} items x {len(names)}")
    for index, value in enumerate(scores.values):
        if not math.isfinite(value):
            item, name = items[index // len(names)], names[index % len(names)]
            raise BadReply(f"the score of {item} on '{name}' is {value}")
    if tuple(source.principle_id for source in reply.sources) != names:
        raise BadReply("the scores' sources are not one for each principle in order")


def _check_rewards(reply: ScalarizeReply, count: int, width: int) -> None:
    """Refuses wrong counts, numbers that are not finite, and shares that miss their reward."""
    if len(reply.rewards) != count or len(reply.contributions) != count * width:
        raise BadReply(
            f"{len(reply.rewards)} rewards and {len(reply.contributions)} contributions "
            f"for {count} answers x {width}"
        )
    if not reply.configuration_version or not reply.configuration_hash:
        raise BadReply("the rewards' configuration version or hash is missing")
    for row, shares in enumerate(_rows(reply.contributions, width)):
        reward = reply.rewards[row]
        if not math.isfinite(reward) or not all(map(math.isfinite, shares)):
            raise BadReply(f"the reward of answer {row} is {reward}")
        if abs(sum(shares) - reward) > 1e-4 * (1 + abs(reward)):
            raise BadReply(f"the contributions of answer {row} sum to {sum(shares)}, not {reward}")


def _rows(values: Sequence[float], width: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(values[i : i + width]) for i in range(0, len(values), width))


def _chunks(values: Any, size: int) -> Any:
    return (values[i : i + size] for i in range(0, len(values), size))


def _utf8(text: str) -> bytes:
    """A model's text may hold half a surrogate pair, which no UTF-8 can say."""
    return text.encode("utf-8", "replace")


def _address(prefix: str, port: int) -> str:
    host = os.environ.get(f"{prefix}_HOST", "127.0.0.1")
    return f"{host}:{os.environ.get(f'{prefix}_PORT', port)}"
