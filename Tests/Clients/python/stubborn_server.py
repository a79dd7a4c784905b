"""A server whose handlers do not return; the drain's seconds are its argument."""

import sys
import threading
import time

from peers import identity
from morlaif import serve
from morlaif.services import ScalarizerHandler
from morlaif.v1.scalarizer_pb2 import DescribeConfigurationReply


class Stubborn(ScalarizerHandler):
    def scalarize(self, request, context):
        threading.Event().wait()

    def describe(self, request, context):
        time.sleep(1)
        return DescribeConfigurationReply(configuration_version=5)


serve(Stubborn(), credentials=identity("scalarizer"), drain=float(sys.argv[1]))
