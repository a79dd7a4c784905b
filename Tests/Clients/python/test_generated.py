"""Generated modules are those that Protos/generate writes."""

import filecmp
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from peers import ROOT

PACKAGE = ROOT / "Sources/Clients/python"
PROTOS = ROOT / "Protos"


def protoc_version():
    """Version of protoc, or nothing."""
    if shutil.which("protoc") is None:
        return ""
    return subprocess.run(["protoc", "--version"], capture_output=True, text=True).stdout.strip()


class GeneratedTests(unittest.TestCase):
    def assert_same(self, made: Path, committed: Path):
        names = {path.name for path in made.iterdir()}
        self.assertEqual(
            names, {path.name for path in committed.iterdir() if path.name != "__pycache__"}
        )
        for name in names:
            self.assertTrue(
                filecmp.cmp(made / name, committed / name, shallow=False),
                f"{committed / name} is stale; run Protos/generate and commit",
            )

    @unittest.skipUnless(protoc_version() == "libprotoc 3.21.12", "protoc 3.21.12 is not installed")
    def test_messages_and_stubs_are_fresh(self):
        files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.glob("morlaif/v1/*.proto"))
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["protoc", "-I", str(PROTOS), f"--python_out={folder}", f"--pyi_out={folder}",
                 "--include_imports", "--include_source_info",
                 f"--descriptor_set_out={folder}/descriptors", *files],
                check=True,
            )
            made = Path(folder, "morlaif/v1")
            shutil.copy(PACKAGE / "morlaif/v1/__init__.py", made)
            self.assert_same(made, PACKAGE / "morlaif/v1")
            stubs = Path(folder, "services")
            subprocess.run(
                [sys.executable, str(PACKAGE / "generate_stubs.py"), f"{folder}/descriptors", str(stubs)],
                check=True,
            )
            self.assert_same(stubs, PACKAGE / "morlaif/services")

    def test_the_readme_shows_the_example_word_for_word(self):
        example = (PACKAGE / "examples/mean_scalarizer.py").read_text()
        readme = (ROOT / "README.md").read_text()
        shown = readme.partition("```python\n")[2].partition("```")[0]
        self.assertIn("class Mean", shown)
        self.assertIn(shown, example)

    def test_every_method_of_the_contract_has_a_stub(self):
        from morlaif import services

        for name in ("Labeler", "PreferenceModel", "Scalarizer", "PolicyTrainer", "Health",
                     "Reflection", "Metrics"):
            handled = getattr(services, f"{name}Handler").service
            declared = handled.file.services_by_name[name]
            self.assertEqual([m.name for m in handled.methods], [m.name for m in declared.methods])
            for method in handled.methods:
                descriptor = declared.methods_by_name[method.name]
                self.assertEqual(method.request_type.DESCRIPTOR, descriptor.input_type)
                self.assertEqual(method.reply_type.DESCRIPTOR, descriptor.output_type)
                for prefix in ("", "Async"):
                    stub = getattr(services, prefix + name)
                    self.assertTrue(callable(getattr(stub, method.python_name)))


if __name__ == "__main__":
    unittest.main()
