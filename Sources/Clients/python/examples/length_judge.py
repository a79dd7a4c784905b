"""A labeler of one's own: prefers the shorter answer, whatever the principle.

usage: python length_judge.py HOST:PORT        (MORLAIF_CERTIFICATES names the folder of certificates)
"""

import sys

from morlaif import serve
from morlaif.services import LabelerHandler
from morlaif.v1.common_pb2 import Label
from morlaif.v1.labeler_pb2 import LabelReply


class Shorter(LabelerHandler):
    def label(self, requests, context):
        principles = next(requests).settings.principle_ids
        for request in requests:
            a, b = len(request.pair.response_a_utf8), len(request.pair.response_b_utf8)
            for principle in principles:
                yield LabelReply(label=Label(
                    pair_id=request.pair.id, principle_id=principle, margin=(b - a) / 100,
                    p_a=b / (a + b or 1), judge_id="shorter", judge_version="1", order_consistent=True,
                ))


serve(Shorter(), listen=sys.argv[1])
