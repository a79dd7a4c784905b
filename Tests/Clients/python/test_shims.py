"""Rewards for trainers, in the forms that TRL, OpenRLHF and verl call them."""

import asyncio
import importlib.util
import math
import os
import pickle
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from peers import ROOT, identity
from processes import TINY_MODEL, wait_for
from morlaif import AsyncServer, RPCError, StatusCode
from morlaif.services import PreferenceModelHandler, ScalarizerHandler
from morlaif.shims import BadReply, RewardService, openrlhf, text, trl, verl
from morlaif.v1.preference_model_pb2 import ScoreReply
from morlaif.v1.scalarizer_pb2 import ScalarizeReply

EXAMPLES = ROOT / "Sources/Clients/python/examples"
PRINCIPLES = ["length", "vowels"]
MEASURES = {"length": len, "vowels": lambda answer: sum(answer.count(v) for v in "aeiou")}


class Models(PreferenceModelHandler):
    """Scores that a test can compute: bytes and vowels of the answer."""

    def __init__(self):
        self.requests = []
        self.failures = []
        self.spoil = None
        self.gate = threading.Event()
        self.gate.set()

    def score(self, request, context):
        self.requests.append(request)
        self.gate.wait(20)
        if self.failures:
            raise self.failures.pop(0)
        reply = ScoreReply()
        reply.scores.principle_ids.extend(request.principle_ids or PRINCIPLES)
        for item in request.items:
            reply.scores.item_ids.append(item.id)
            answer = item.response_utf8.decode()
            reply.scores.values.extend(MEASURES[p](answer) for p in reply.scores.principle_ids)
        for principle in reply.scores.principle_ids:
            reply.sources.add(principle_id=principle, weight_hash="w", standard_deviation=1)
        if self.spoil:
            self.spoil(reply)
        return reply


class Sums(ScalarizerHandler):
    """Rewards that are sums."""

    def __init__(self):
        self.requests = []
        self.version = 1
        self.spoil = None
        self.after = None

    def scalarize(self, request, context):
        self.requests.append(request)
        version = request.configuration_version or self.version
        if version != self.version:
            raise RPCError(StatusCode.NOT_FOUND, f"configuration_version: there is no {version}")
        width = len(request.scores.principle_ids)
        values = list(request.scores.values)
        reply = ScalarizeReply(
            rewards=[sum(values[i : i + width]) for i in range(0, len(values), width)],
            contributions=values, configuration_version=version, configuration_hash=f"h{version}",
        )
        if self.spoil:
            self.spoil(reply)
        if self.after:
            self.after()
        return reply


class ShimCase(unittest.TestCase):
    """Both services in a loop on a thread of its own."""

    def setUp(self):
        self.models, self.sums = Models(), Sums()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.servers, addresses = [], []
        for handler, name in ((self.models, "preference-model"), (self.sums, "scalarizer")):
            server = AsyncServer(handler, credentials=identity(name))
            self.servers.append(server)
            addresses.append("127.0.0.1:%d" % self.run_in_loop(server.start())[1])
        self.service = RewardService(
            PRINCIPLES, preference_model=addresses[0], scalarizer=addresses[1],
            credentials=identity("client"), patience=0, items_per_call=4,
        )
        self.addresses = addresses
        for module in (openrlhf, verl):
            patch = mock.patch.object(module, "service", lambda: self.service)
            patch.start()
            self.addCleanup(patch.stop)

    def tearDown(self):
        self.service.close()
        for server in self.servers:
            self.run_in_loop(server.stop(1))
        self.loop.call_soon_threadsafe(self.loop.stop)

    def run_in_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)


class RewardServiceTests(ShimCase):
    def test_a_batch_is_divided_and_joined(self):
        answers = ["a" * i for i in range(11)]
        rewards = self.service.of(["q"] * 11, answers)
        self.assertEqual(rewards.scores_of("length"), list(range(11)))
        self.assertEqual(rewards.rewards, tuple(2.0 * i for i in range(11)))
        self.assertEqual(rewards.contributions[3], (3.0, 3.0))
        self.assertEqual([len(r.items) for r in self.models.requests], [4, 4, 3])
        self.assertEqual([r.configuration_version for r in self.sums.requests], [0, 1, 1])

    def test_replies_that_must_not_become_rewards(self):
        def spoiled(part, name, change):
            part.spoil = change
            with self.subTest(name), self.assertLogs("morlaif", "ERROR"), self.assertRaises(BadReply):
                self.service.of(["q"], [name])
            part.spoil = None

        spoiled(self.models, "NaN", lambda r: r.scores.values.__setitem__(0, math.nan))
        spoiled(self.models, "infinite", lambda r: r.scores.values.__setitem__(1, math.inf))
        spoiled(self.models, "a score missing", lambda r: r.scores.values.pop())
        spoiled(self.models, "other rows", lambda r: r.scores.item_ids.__setitem__(0, "x"))
        spoiled(self.models, "other columns", lambda r: r.scores.principle_ids.reverse())
        spoiled(self.models, "no sources", lambda r: r.ClearField("sources"))
        spoiled(self.sums, "NaN reward", lambda r: r.rewards.__setitem__(0, math.nan))
        spoiled(self.sums, "no reward", lambda r: r.ClearField("rewards"))
        spoiled(self.sums, "wrong shares", lambda r: r.contributions.__setitem__(0, 1e9))
        spoiled(self.sums, "no version", lambda r: r.ClearField("configuration_version"))

    def test_weights_that_change_in_the_middle_are_asked_again(self):
        count = iter(range(100))

        def change(reply):
            if next(count) == 1:
                reply.sources[0].weight_hash = "new"

        self.models.spoil = change
        self.assertEqual(len(self.service.of(["q"] * 8, list("abcdefgh")).rewards), 8)
        self.assertEqual(len(self.models.requests), 4)

    def test_a_configuration_that_changes_in_the_middle_is_never_mixed(self):
        def configure():
            if len(self.sums.requests) == 1:
                self.sums.version = 2

        self.sums.after = configure
        rewards = self.service.of(["q"] * 8, list("abcdefgh"))
        self.assertEqual((rewards.configuration_version, rewards.configuration_hash), (2, "h2"))
        self.assertEqual([r.configuration_version for r in self.sums.requests], [0, 1, 0, 2])

    def test_a_service_that_is_away_is_waited_for(self):
        self.service.patience = 20
        self.models.failures = [RPCError(StatusCode.FAILED_PRECONDITION, "no models yet")] * 2
        with self.assertLogs("morlaif", "WARNING"):
            self.assertEqual(self.service.of(["q"], ["abc"]).rewards, (4.0,))

    def test_a_refusal_is_not_waited_for(self):
        self.service.patience = 1_000
        self.models.failures = [RPCError(StatusCode.INVALID_ARGUMENT, "items: no")]
        with self.assertLogs("morlaif", "ERROR"), self.assertRaises(RPCError):
            self.service.of(["q"], ["abc"])

    def test_patience_ends_with_the_error(self):
        self.run_in_loop(self.servers[0].stop(0))
        with self.assertLogs("morlaif", "ERROR"), self.assertRaises(RPCError) as caught:
            self.service.of(["q"], ["abc"])
        self.assertEqual(caught.exception.code, StatusCode.UNAVAILABLE)

    def test_threads_share_calls(self):
        self.models.gate.clear()
        with ThreadPoolExecutor(20) as pool:
            asked = [pool.submit(self.service.of_one, "q", "a" * i) for i in range(20)]
            wait_for("waiting threads", lambda: len(self.service._waiting) == 19)
            self.models.gate.set()
            self.assertEqual([a.result().rewards[0] for a in asked], [2.0 * i for i in range(20)])
        self.assertLessEqual(len(self.models.requests), 6)

    def test_a_failure_reaches_every_thread_that_waited(self):
        self.models.gate.clear()
        with ThreadPoolExecutor(3) as pool, self.assertLogs("morlaif", "ERROR"):
            first = pool.submit(self.service.of_one, "q", "a")
            wait_for("a request", lambda: self.models.requests)
            others = [pool.submit(self.service.of_one, "q", t) for t in "bc"]
            wait_for("waiting threads", lambda: len(self.service._waiting) == 2)
            self.models.failures = [RPCError(StatusCode.INTERNAL, "no")] * 2
            self.models.gate.set()
            for asked in (first, *others):
                with self.assertRaises(RPCError):
                    asked.result()
        self.assertEqual(self.service.of_one("q", "abc").rewards, (4.0,))

    def test_the_environment_says_where_and_what(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        files = identity("client")
        for source, name in (
            (files.authority, "ca.pem"), (files.certificate, "client.pem"), (files.key, "client.key")
        ):
            os.symlink(source, os.path.join(folder.name, name))
        ports = [address.rpartition(":")[2] for address in self.addresses]
        values = {
            "MORLAIF_CERTIFICATES": folder.name, "PREFERENCE_MODEL_PORT": ports[0],
            "SCALARIZER_PORT": ports[1], "MORLAIF_PRINCIPLES": "vowels, length",
        }
        with mock.patch.dict(os.environ, values):
            service = RewardService.from_environment()
        self.assertEqual(service.of(["q"], ["abc"]).scores, ((1.0, 3.0),))
        copy = pickle.loads(pickle.dumps(service))
        self.assertEqual(copy.of(["q"], ["abc"]).scores, ((1.0, 3.0),))
        service.close()
        copy.close()


class TextTests(unittest.TestCase):
    def test_templates_give_the_user_s_words(self):
        for templated in (
            "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|>",
            "<bos><start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n",
            "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nWhy? [/INST]",
            "  Why? ",
        ):
            self.assertEqual(text.last_user_turn(templated), "Why?", templated)

    def test_answers_are_what_follows_the_prompt(self):
        prompt = "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"
        self.assertEqual(text.answer(f"{prompt}Because.<|im_end|>", prompt), "Because.")
        self.assertEqual(text.answer("<s> Why? Because.</s>", "Why?"), "Because.")
        self.assertEqual(text.answer("<|begin|>Why? Why not?", "<|other|>Why?"), "Why not?")
        with self.assertRaises(ValueError):
            text.answer("something else", "Why?")

    def test_conversations(self):
        turns = [{"role": "system", "content": "x"}, {"role": "user", "content": "Why?"}]
        self.assertEqual(text.of_prompt(turns), "Why?")
        longer = [*turns, {"role": "assistant", "content": "A"}, {"role": "user", "content": "B"}]
        self.assertEqual(text.of_prompt(longer), "User: Why?\n\nAssistant: A\n\nUser: B")
        parts = [{"role": "assistant", "content": [{"type": "text", "text": "A"}, {"type": "image"}]}]
        self.assertEqual(text.of_completion(parts), "A")


class TRLTests(ShimCase):
    """As `GRPOTrainer._calculate_rewards` of TRL 1.x calls reward functions."""

    def call(self, function, prompts, completions):
        self.metrics, self.extras = {}, {}
        return function(
            prompts=prompts, completions=completions, completion_ids=[[1, 2]] * len(prompts),
            trainer_state=object(), log_metric=self.metrics.__setitem__,
            log_extra=self.extras.__setitem__, subject=["a column"] * len(prompts),
        )

    def test_one_function_for_each_principle_and_one_for_all(self):
        functions = trl.reward_functions(PRINCIPLES, self.service)
        self.assertEqual([f.__name__ for f in functions], ["morlaif", "length", "vowels"])
        self.assertEqual(trl.reward_weights(functions), [1.0, 0.0, 0.0])
        got = [self.call(f, ["q", "q"], ["aab", "b"]) for f in functions]
        self.assertEqual(got, [[5.0, 1.0], [3.0, 1.0], [2.0, 0.0]])
        self.assertEqual(len(self.models.requests), 1)  # Three functions, one batch, one call.
        self.call(functions[0], ["q"], ["new"])
        self.assertEqual(self.metrics, {"morlaif/configuration_version": 1.0})
        self.assertEqual(self.extras, {"configuration_hash": ["h1"]})

    def test_conversations_are_understood(self):
        functions = trl.reward_functions(PRINCIPLES, self.service)
        prompts = [[{"role": "user", "content": "Why?"}]]
        completions = [[{"role": "assistant", "content": "abc"}]]
        self.assertEqual(self.call(functions[1], prompts, completions), [3.0])
        item = self.models.requests[0].items[0]
        self.assertEqual((item.prompt_utf8, item.response_utf8), (b"Why?", b"abc"))

    def test_a_failed_reward_is_an_exception(self):
        self.models.failures = [RPCError(StatusCode.INTERNAL, "no")]
        with self.assertLogs("morlaif", "ERROR"), self.assertRaises(RPCError):
            self.call(trl.reward_functions(PRINCIPLES, self.service)[0], ["q"], ["a"])

    def test_functions_may_be_pickled(self):
        copies = pickle.loads(pickle.dumps(trl.reward_functions(PRINCIPLES, self.service)))
        self.assertEqual(self.call(copies[2], ["q"], ["aab"]), [2.0])
        self.assertIs(copies[0]._service, copies[1]._service)
        copies[0]._service.close()

    @unittest.skipUnless(importlib.util.find_spec("trl"), "TRL is not installed")
    def test_the_true_trainer_trains_on_them(self):
        from datasets import Dataset
        from trl import GRPOConfig, GRPOTrainer

        functions = trl.reward_functions(PRINCIPLES, self.service)
        rows = [{"prompt": [{"role": "user", "content": f"How are you {i}?"}]} for i in range(8)]
        with tempfile.TemporaryDirectory() as folder:
            trainer = GRPOTrainer(
                model=str(TINY_MODEL), reward_funcs=functions, train_dataset=Dataset.from_list(rows),
                args=GRPOConfig(
                    output_dir=folder, reward_weights=trl.reward_weights(functions), max_steps=2,
                    max_completion_length=8, num_generations=4, per_device_train_batch_size=4,
                    logging_steps=1, save_strategy="no", report_to="none", use_cpu=True, bf16=False,
                ),
            )
            trainer.train()
        logged = [entry for entry in trainer.state.log_history if "reward" in entry]
        self.assertEqual(len(logged), 2)
        for entry in logged:
            both = entry["rewards/length/mean"] + entry["rewards/vowels/mean"]
            self.assertAlmostEqual(entry["rewards/morlaif/mean"], both, places=3)
            self.assertAlmostEqual(entry["reward"], both, places=3)


def load(path):
    """Loads a file as OpenRLHF and verl do."""
    spec = importlib.util.spec_from_file_location("reward_func", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(value):
    return value.tolist() if hasattr(value, "tolist") else value


class OpenRLHFTests(ShimCase):
    """As `SingleTurnAgentExecutor` of OpenRLHF 0.9 to 0.11 calls a reward function."""

    prompt = "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"

    def test_one_sample_a_call_from_threads(self):
        reward_func = load(EXAMPLES / "openrlhf_reward.py").reward_func

        async def ask(answer):
            query = f"{self.prompt}{answer}<|im_end|>"
            return await asyncio.to_thread(reward_func, [query], [self.prompt], ["a label"])

        async def all_of_them():
            return await asyncio.gather(*(ask("a" * i) for i in range(12)))

        for index, reply in enumerate(asyncio.run(all_of_them())):
            self.assertEqual(numbers(reply["rewards"]), [2.0 * index])
            score = numbers(reply["scores"])[0]
            self.assertTrue(0 < score <= 1)
            self.assertEqual(numbers(reply["extra_logs"]["length"]), [index])
        self.assertEqual(self.models.requests[0].items[0].prompt_utf8, b"Why?")

    def test_a_whole_batch(self):
        reply = openrlhf.reward_func(["Why? abc", "Why? b"], ["Why?", "Why?"], [None, None])
        self.assertEqual(numbers(reply["rewards"]), [4.0, 1.0])
        self.assertEqual(set(reply["extra_logs"]), {*PRINCIPLES, "configuration_version"})

    def test_a_failed_reward_is_an_exception(self):
        self.models.failures = [RPCError(StatusCode.INTERNAL, "no")]
        with self.assertLogs("morlaif", "ERROR"), self.assertRaises(RPCError):
            openrlhf.reward_func(["Why? abc"], ["Why?"], [None])
        with self.assertRaises(ValueError):
            openrlhf.reward_func(["abc"], ["Why?"], [None])

    @unittest.skipUnless(importlib.util.find_spec("openrlhf"), "OpenRLHF is not installed")
    def test_the_true_executor_calls_it(self):
        from openrlhf.utils.agent import SingleTurnAgentExecutor

        executor = SingleTurnAgentExecutor(str(EXAMPLES / "openrlhf_reward.py"))
        query = f"{self.prompt}abc<|im_end|>"
        found = asyncio.run(executor._fetch_rewards_via_func([query], [self.prompt], ["label"]))
        self.assertEqual(numbers(found[0]["rewards"]), [4.0])


class VerlTests(ShimCase):
    """As the reward managers of verl 0.9 call a reward function."""

    def test_one_answer(self):
        compute_score = load(EXAMPLES / "verl_reward.py").compute_score
        extra = {"prompt": "Why?", "num_turns": None, "rollout_reward_scores": {}}
        got = compute_score(
            data_source="mine", solution_str="abc", ground_truth="", extra_info=extra
        )
        wanted = {"score": 4.0, "length": 3.0, "vowels": 1.0, "configuration_version": 1.0}
        self.assertEqual(got, wanted)
        # Positionally, with settings from `reward_kwargs`, a conversation as the prompt.
        question = [{"role": "user", "content": "Why?"}]
        got = compute_score("mine", "abc", None, {"q": question}, prompt_key="q", other=1)
        self.assertEqual(got, wanted)
        self.assertEqual({r.items[0].prompt_utf8 for r in self.models.requests}, {b"Why?"})

    def test_the_batch_manager(self):
        compute_scores = load(EXAMPLES / "verl_reward.py").compute_scores
        got = compute_scores(
            data_sources=["mine"] * 2, solution_strs=["abc", "b"], ground_truths=[None] * 2,
            extra_infos=[{"prompt": "Why?"}] * 2,
        )
        self.assertEqual([row["score"] for row in got], [4.0, 1.0])

    def test_a_failed_reward_is_an_exception(self):
        with self.assertRaisesRegex(ValueError, "extra_info has no 'prompt'"):
            verl.compute_score("mine", "abc", None, {})
        self.models.failures = [RPCError(StatusCode.INTERNAL, "no")]
        with self.assertLogs("morlaif", "ERROR"), self.assertRaises(RPCError):
            verl.compute_score("mine", "abc", None, {"prompt": "Why?"})

    @unittest.skipUnless(
        importlib.util.find_spec("verl") and importlib.util.find_spec("ray"), "verl is not installed"
    )
    def test_the_true_reward_manager_calls_it(self):
        import numpy
        import torch
        from omegaconf import OmegaConf
        from tensordict import TensorDict
        from transformers import AutoTokenizer
        from verl import DataProto
        from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
        from verl.trainer.ppo.reward import get_custom_reward_fn

        config = OmegaConf.create({"reward": {"custom_reward_function": {
            "path": str(EXAMPLES / "verl_reward.py"), "name": "compute_score",
            "reward_kwargs": {"prompt_key": "question"},
        }}})
        tokenizer = AutoTokenizer.from_pretrained(TINY_MODEL)
        answer = tokenizer("abc", return_tensors="pt", add_special_tokens=False).input_ids
        data = DataProto(
            batch=TensorDict(
                {"responses": answer, "attention_mask": torch.ones_like(answer)}, batch_size=1
            ),
            non_tensor_batch={
                "data_source": numpy.array(["mine"], dtype=object),
                "reward_model": numpy.array([{"ground_truth": ""}], dtype=object),
                "extra_info": numpy.array([{"question": "Why?"}], dtype=object),
            },
        )

        async def run():
            manager = NaiveRewardManager(config, tokenizer, get_custom_reward_fn(config))
            return await manager.run_single(data)

        result = asyncio.run(run())
        self.assertEqual(result["reward_score"], 4.0)
        self.assertEqual(result["reward_extra_info"]["length"], 3.0)


if __name__ == "__main__":
    unittest.main()
