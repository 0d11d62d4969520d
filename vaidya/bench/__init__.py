"""The latency instrument: scenarios, stages, the machine's own limits, peers, levers.

In: a profile and a consultation of a minute. Out: rows with `metric` and `value`, and what the machine was doing.
Scenario names and the rule that speed counts only at quality are MLPerf Inference's (Reddi et al., ISCA 2020).
"""
