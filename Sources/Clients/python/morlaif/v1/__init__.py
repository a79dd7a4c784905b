"""Messages of the contract, generated from Protos/morlaif/v1."""
