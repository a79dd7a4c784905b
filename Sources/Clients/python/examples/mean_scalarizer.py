"""A scalarizer of one's own: the mean of the standardised scores.

usage: python mean_scalarizer.py HOST:PORT        (MORLAIF_CERTIFICATES names the folder of certificates)
"""

import sys

from morlaif import serve
from morlaif.services import ScalarizerHandler
from morlaif.v1.scalarizer_pb2 import ScalarizeReply


class Mean(ScalarizerHandler):
    def scalarize(self, request, context):
        width = len(request.sources)
        shares = []
        for index, score in enumerate(request.scores.values):
            source = request.sources[index % width]
            shares.append((score - source.mean) / source.standard_deviation / width)
        rewards = [sum(shares[row : row + width]) for row in range(0, len(shares), width)]
        return ScalarizeReply(
            rewards=rewards, contributions=shares, configuration_version=1, configuration_hash="mean"
        )


serve(Mean(), listen=sys.argv[1])
