"""Mean distance between stated probability and observed share. Card: eval/cards/expected_calibration_error.md."""

from vaidya.evaluation import acoustic, huggingface


class ExpectedCalibrationError(huggingface.ScoreMetric):
    """Mean distance between stated probability and observed share."""

    function = staticmethod(acoustic.expected_calibration_error)
