"""The test clips of a run, taken apart: group by group, mistake by mistake, and as points on a map."""
