"""Model files open on the execution providers that an operator names."""

import pytest
from networks import save_brightness_classifier

from parkhub.errors import EngineError
from tasks.vision.engine import open_engine
from tasks.vision.model import open_session


def test_a_model_opens_on_the_provider_asked_for(tmp_path):
    session = open_session(save_brightness_classifier(tmp_path / "m.onnx"), 1, ("CPUExecutionProvider",))
    assert session.get_providers() == ["CPUExecutionProvider"]


@pytest.mark.parametrize(
    ("providers", "message"),
    [
        (("CoreMLExecutionProvider", "CPUExecutionProvider"), "no provider CoreMLExecutionProvider; it has .*CPUExec"),
        ((), "no provider at all to run on; it has .*CPUExecutionProvider"),
    ],
    ids=["of another machine", "none"],
)
def test_a_provider_that_is_not_there_is_named_with_those_that_are(tmp_path, providers, message):
    with pytest.raises(EngineError, match=message):
        open_session(save_brightness_classifier(tmp_path / "m.onnx"), 1, providers)


@pytest.mark.parametrize("name", ["classifier"])
def test_engines_open_their_models_on_the_providers_given(name):
    with pytest.raises(EngineError, match="no provider CoreMLExecutionProvider"):
        open_engine(name, providers=("CoreMLExecutionProvider",))
