# make.py does the work, so that Windows has the same commands: python make.py lab
# It runs on any Python from 3.8 on, and finds the one that the course needs.
PYTHON ?= $(or $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && echo $$python && \
	break; done),$(error There is no Python on this computer, or only an old one: install Python 3.11, \
	3.12 or 3.13 from python.org/downloads, then try again))

.PHONY: setup lab extras test run book slides bundle test-bounds clean

setup lab extras test book slides test-bounds clean:
	@$(PYTHON) make.py $@

# make run DATASET=kaggle LESSONS="00 01"
run:
	@$(PYTHON) make.py run $(if $(DATASET),--dataset $(DATASET)) $(LESSONS)

# make bundle SYSTEMS="linux windows" PYTHONS="3.11 3.12"
bundle:
	@$(PYTHON) make.py bundle $(if $(SYSTEMS),--systems $(SYSTEMS)) $(if $(PYTHONS),--pythons $(PYTHONS))
