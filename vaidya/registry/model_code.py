"""The code that MLflow runs to make the model (models from code): nothing is unpickled."""

from mlflow.models import set_model

from vaidya.registry.model import VaidyaModel

set_model(VaidyaModel())
