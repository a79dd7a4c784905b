"""Preference models and a scalarizer on the tiny model, made through the Python clients."""

from morlaif.services import Labeler, PreferenceModel, Scalarizer
from morlaif.v1.labeler_pb2 import LabelRequest
from morlaif.v1.preference_model_pb2 import TrainPreferencesRequest
from morlaif.v1.scalarizer_pb2 import SCALARIZATION_METHOD_LINEAR, ConfigureRequest

PRINCIPLES = ["conciseness", "understandability"]


def label_requests():
    """Settings, then 24 pairs of a short and a long answer."""
    request = LabelRequest()
    request.settings.dataset_id = "tiny"
    request.settings.principle_ids.extend(PRINCIPLES)
    yield request
    for index in range(1, 25):
        short = f"Boil the water, add the leaves and wait for {index} minutes."
        long = "There is quite a lot that could be said about it, " * (1 + index % 4)
        long += f"and {index} of these things are rather hard to understand for anybody."
        request = LabelRequest()
        request.pair.id = f"t{index}"
        request.pair.prompt_utf8 = f"How do I make tea for {index} people?".encode()
        answers = (short, long) if index % 2 == 0 else (long, short)
        request.pair.response_a_utf8, request.pair.response_b_utf8 = (a.encode() for a in answers)
        yield request


def configure(cluster, method=SCALARIZATION_METHOD_LINEAR):
    """Gives the Swift scalarizer a function; gives its version."""
    request = ConfigureRequest()
    request.configuration.method = method
    for principle in PRINCIPLES:
        request.configuration.weights.add(principle_id=principle, weight=1)
    return Scalarizer(cluster.client("scalarizer")).configure(request).configuration_version


def prepare(cluster):
    """Labels, trains and configures; gives labels and what the training said."""
    labels = list(Labeler(cluster.client("labeler")).label(label_requests(), timeout=60))
    training = TrainPreferencesRequest(dataset_id="tiny", principle_ids=PRINCIPLES, adapter_id="tiny")
    replies = list(PreferenceModel(cluster.client("preference-model")).train(training, timeout=120))
    configure(cluster)
    return labels, replies
